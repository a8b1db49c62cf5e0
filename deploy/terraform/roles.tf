locals {
  trusted_services = {
    sagemaker  = "sagemaker.amazonaws.com"
    apigateway = "apigateway.amazonaws.com"
  }
}

data "aws_iam_policy_document" "trust" {
  for_each = local.trusted_services

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [each.value]
    }
  }
}

# The endpoint.
resource "aws_iam_role" "serving" {
  name               = "${var.name}-serving"
  assume_role_policy = data.aws_iam_policy_document.trust["sagemaker"].json
}

data "aws_iam_policy_document" "serving" {
  source_policy_documents = [data.aws_iam_policy_document.pull["serving"].json]

  statement {
    sid       = "ReadModels"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.models.arn}/${var.registry_prefix}/*"]
  }

  statement {
    # Without it S3 says that access is denied where an object is missing.
    sid       = "SeeWhatIsMissing"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.models.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.registry_prefix}/*"]
    }
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = [aws_cloudwatch_log_group.endpoint.arn, "${aws_cloudwatch_log_group.endpoint.arn}:log-stream:*"]
  }
}

resource "aws_iam_role_policy" "serving" {
  name   = "serving"
  role   = aws_iam_role.serving.id
  policy = data.aws_iam_policy_document.serving.json
}

# What both kinds of SageMaker job need around their own work.
data "aws_iam_policy_document" "pull" {
  for_each = aws_ecr_repository.image

  statement {
    sid       = "PullImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [each.value.arn]
  }

  statement {
    # A login is to the registry as a whole: IAM knows no narrower resource.
    sid       = "LogInToEcr"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    # Metrics have no ARN: IAM knows no narrower resource. The namespaces are SageMaker's own.
    sid       = "WriteMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values = [
        "/aws/sagemaker/Endpoints", "/aws/sagemaker/TrainingJobs", "AWS/SageMaker",
      ]
    }
  }
}

# The API asks the endpoint, and no other one.
resource "aws_iam_role" "api" {
  name               = "${var.name}-api"
  assume_role_policy = data.aws_iam_policy_document.trust["apigateway"].json
}

data "aws_iam_policy_document" "api" {
  statement {
    sid       = "Invoke"
    actions   = ["sagemaker:InvokeEndpoint"]
    resources = ["arn:${local.partition}:sagemaker:${var.region}:${local.account}:endpoint/${lower(var.endpoint_name)}"]
  }
}

resource "aws_iam_role_policy" "api" {
  name   = "invoke"
  role   = aws_iam_role.api.id
  policy = data.aws_iam_policy_document.api.json
}
