"""Masters that fork workers, each in a process of its own, and what the workers expose."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[2]

#: A master that forks workers; each is a function that runs in a process of its own.
MASTER = """
import os, resource, signal, sys, time
from serving.web import metrics
from serving.web.metric_board import flush
from serving.web.requests import Record

def fork(work):
    pid = os.fork()
    if pid == 0:
        work()
        sys.exit(0)
    return pid

def wait(pid):
    os.waitpid(pid, 0)
    metrics.worker_ended()

def start(work):
    '''Fork a worker, and wait until it has done its work; it stays.'''
    ready, told = os.pipe()
    def stay():
        work()
        os.write(told, b'.')
        time.sleep(60)
    pid = fork(stay)
    os.read(ready, 1)
    return pid

def kill(pid):
    os.kill(pid, signal.SIGKILL)
    wait(pid)

def count(*records):
    requests = metrics.RequestMetrics()
    for record in records:
        requests.observe(record, 0.003)

def served():
    return Record('id', route='/invocations', status=200)

def scrape():
    '''Print what a further worker exposes.'''
    def work():
        metrics.RequestMetrics()
        print(metrics.exposition()[0].decode(), flush=True)
    wait(fork(work))

folder = metrics.prepare_metrics()
"""


def run(script):
    """Run a master; give what it prints."""
    return run_script(MASTER + dedent(script))


def run_script(script):
    """Run it where our packages and the artifacts of tests are, and give what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def samples(text):
    """What a scraper reads: name and labels → value."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def requests_in(text):
    """How many requests there were to `/invocations`."""
    return samples(text)["scorecard_requests_total", ("route", "/invocations"), ("status", "200")]
