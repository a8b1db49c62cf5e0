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
    # Where an object is missing S3 says so to who may list the bucket, and to others that access is
    # denied. It asks for this right without a prefix, so a condition on s3:prefix would never hold.
    sid       = "SeeWhatIsMissing"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.models.arn]
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.endpoint.arn}:*"]
  }
}

resource "aws_iam_role_policy" "serving" {
  name   = "serving"
  role   = aws_iam_role.serving.id
  policy = data.aws_iam_policy_document.serving.json
}

# The alarms that end a deployment. A policy of its own: the alarms' names are known before the model is made.
data "aws_iam_policy_document" "alarms" {
  statement {
    sid       = "SeeAlarmsOfADeployment"
    actions   = ["cloudwatch:DescribeAlarms"]
    resources = [for alarm in local.rollback_alarms : alarm.arn]
  }
}

resource "aws_iam_role_policy" "alarms" {
  name   = "alarms"
  role   = aws_iam_role.serving.id
  policy = data.aws_iam_policy_document.alarms.json
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
