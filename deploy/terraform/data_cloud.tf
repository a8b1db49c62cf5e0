locals {
  data_cloud_prefixes = ["product_metrics", "usage_metrics"]
}

data "aws_iam_policy_document" "data_cloud_trust" {
  count = var.data_cloud == null ? 0 : 1

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.data_cloud.principal_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.data_cloud.external_id]
    }
  }
}

# No user and no access key: whoever reads for Data Cloud assumes this role.
resource "aws_iam_role" "data_cloud" {
  count = var.data_cloud == null ? 0 : 1

  name               = "${var.name}-data-cloud"
  assume_role_policy = data.aws_iam_policy_document.data_cloud_trust[0].json
}

data "aws_iam_policy_document" "data_cloud" {
  statement {
    sid       = "ReadTables"
    actions   = ["s3:GetObject"]
    resources = [for prefix in local.data_cloud_prefixes : "${aws_s3_bucket.models.arn}/${prefix}/*"]
  }

  statement {
    sid       = "ListTables"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.models.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = flatten([for prefix in local.data_cloud_prefixes : [prefix, "${prefix}/*"]])
    }
  }

  statement {
    sid       = "FindBucket"
    actions   = ["s3:GetBucketLocation"]
    resources = [aws_s3_bucket.models.arn]
  }
}

resource "aws_iam_role_policy" "data_cloud" {
  count = var.data_cloud == null ? 0 : 1

  name   = "read-tables"
  role   = aws_iam_role.data_cloud[0].id
  policy = data.aws_iam_policy_document.data_cloud.json
}
