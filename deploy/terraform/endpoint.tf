locals {
  has_endpoint = var.image_tag != null
  variant      = "primary"
  registry     = "s3://${aws_s3_bucket.models.id}/${var.registry_prefix}"
  fallback     = var.fallback_version == null ? null : "${local.registry}/versions/${var.fallback_version}/model.tar.gz"

  container = {
    image = "${aws_ecr_repository.image["serving"].repository_url}:${coalesce(var.image_tag, "none")}"
    data  = local.fallback
    environment = merge(
      var.container_settings,
      # SageMaker lets no other header of the container through.
      { SCORECARD_VERSION_HEADER = "X-Amzn-SageMaker-Custom-Attributes" },
      # Without it the container serves what SageMaker has unpacked from ModelDataUrl.
      var.follow_registry ? { SCORECARD_MODEL = local.registry, AWS_DEFAULT_REGION = var.region } : {},
    )
    instance  = var.instance_type
    instances = var.instances.least
    attempt   = var.deployment
  }
  rollback_alarms = [
    aws_cloudwatch_metric_alarm.endpoint["answers-5xx"], aws_cloudwatch_metric_alarm.log["model-not-loaded"],
  ]
  # A model and a configuration never change. With a new name for new content SageMaker sees that
  # there is something to deploy, and the old ones stay until the endpoint has left them.
  model_name = "${var.name}-${substr(sha256(jsonencode(local.container)), 0, 10)}"
}

resource "aws_cloudwatch_log_group" "endpoint" {
  name              = "/aws/sagemaker/Endpoints/${var.endpoint_name}"
  retention_in_days = var.log_days
}

resource "aws_sagemaker_model" "scorecard" {
  count = local.has_endpoint ? 1 : 0

  name                     = local.model_name
  execution_role_arn       = aws_iam_role.serving.arn
  enable_network_isolation = !var.follow_registry

  primary_container {
    image          = local.container.image
    model_data_url = local.container.data
    environment    = local.container.environment
  }

  lifecycle {
    create_before_destroy = true
  }

  # SageMaker tries the role when it makes the model.
  depends_on = [aws_iam_role_policy.serving]
}

resource "aws_sagemaker_endpoint_configuration" "scorecard" {
  count = local.has_endpoint ? 1 : 0

  name = local.model_name

  production_variants {
    variant_name           = local.variant
    model_name             = aws_sagemaker_model.scorecard[0].name
    initial_instance_count = var.instances.least
    instance_type          = var.instance_type

    container_startup_health_check_timeout_in_seconds = 300
    model_data_download_timeout_in_seconds            = 300
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint" "scorecard" {
  count = local.has_endpoint ? 1 : 0

  name                 = var.endpoint_name
  endpoint_config_name = aws_sagemaker_endpoint_configuration.scorecard[0].name

  deployment_config {
    blue_green_update_policy {
      maximum_execution_timeout_in_seconds = 3600
      termination_wait_in_seconds          = 300

      traffic_routing_configuration {
        type                     = "ALL_AT_ONCE"
        wait_interval_in_seconds = 300
      }
    }

    # New instances that fail are left again: the old ones are still there.
    auto_rollback_configuration {
      dynamic "alarms" {
        for_each = local.rollback_alarms

        content {
          alarm_name = alarms.value.alarm_name
        }
      }
    }
  }

  lifecycle {
    # SageMaker may go back while AWS's provider takes the update for done. What failed here keeps
    # Terraform from destroying the old model and configuration, which are then live.
    postcondition {
      condition     = self.endpoint_config_name == aws_sagemaker_endpoint_configuration.scorecard[0].name
      error_message = "SageMaker has rolled the deployment back: ${self.name} still runs ${self.endpoint_config_name}, not ${local.model_name}. Nothing was destroyed. See \"A deployment that was rolled back\" in deploy/AWS.md."
    }
  }

  depends_on = [
    # Container and Terraform would both make the log group; this one has a retention.
    aws_cloudwatch_log_group.endpoint,
    # SageMaker asks for the alarms with the role, when it deploys.
    aws_iam_role_policy.alarms,
  ]
}
