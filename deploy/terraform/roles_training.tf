# Training jobs read the three tables and write under training/; they cannot touch the registry.
resource "aws_iam_role" "training" {
  name               = "${var.name}-training"
  assume_role_policy = data.aws_iam_policy_document.trust["sagemaker"].json
}

data "aws_iam_policy_document" "training" {
  source_policy_documents = [data.aws_iam_policy_document.pull["training"].json]

  statement {
    sid       = "ReadTables"
    actions   = ["s3:GetObject"]
    resources = [for prefix in local.table_prefixes : "${aws_s3_bucket.models.arn}/${prefix}/*"]
  }

  statement {
    sid       = "WriteResults"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.models.arn}/training/*"]
  }

  statement {
    sid       = "List"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.models.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = flatten([for prefix in concat(local.table_prefixes, ["training"]) : [prefix, "${prefix}/*"]])
    }
  }

  statement {
    # All training jobs of an account share one log group. Streams begin with the job's name, which is
    # free; reading is not among these rights.
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = [local.training_logs, "${local.training_logs}:*"]
  }
}

resource "aws_iam_role_policy" "training" {
  name   = "training"
  role   = aws_iam_role.training.id
  policy = data.aws_iam_policy_document.training.json
}

locals {
  table_prefixes = ["peer_dims", "product_metrics", "usage_metrics"]
  training_logs  = "arn:${local.partition}:logs:${var.region}:${local.account}:log-group:/aws/sagemaker/TrainingJobs"
}

# For people and CI that publish, promote, roll back and clean up. Attach it to their role.
resource "aws_iam_policy" "publisher" {
  name        = "${var.name}-publisher"
  description = "Publish, promote, roll back and remove models in the registry"
  policy      = data.aws_iam_policy_document.publisher.json
}

data "aws_iam_policy_document" "publisher" {
  statement {
    sid       = "ChangeModels"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.models.arn}/${var.registry_prefix}/*"]
  }

  statement {
    sid       = "FetchWhatWasTrained"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.models.arn}/training/*"]
  }

  statement {
    # Without a condition on the prefix: the first publication asks for a pointer that is missing,
    # and with one S3 would say that access is denied.
    sid       = "ListModels"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.models.arn]
  }
}
