"""What `spark-submit` starts: the command line, as a file, for it takes no installed programs."""

from serving.cli import main

if __name__ == "__main__":
    main()
