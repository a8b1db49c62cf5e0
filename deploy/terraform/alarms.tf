# What each alarm means and what to do stands in deploy/AWS.md.
locals {
  endpoint_alarms = {
    answers-5xx = {
      description = "The endpoint itself fails"
      metric      = "Invocation5XXErrors"
      statistic   = "Sum"
      threshold   = 1
      periods     = 1
    }
    model-errors = {
      description = "The container refuses or fails requests"
      metric      = "InvocationModelErrors"
      statistic   = "Sum"
      threshold   = 10
      periods     = 1
    }
    slow = {
      description = "One in a hundred requests takes the model 20 s or more; the API gives up after ${var.timeout_ms / 1000} s"
      metric      = "ModelLatency"
      statistic   = "p99"
      threshold   = 20000000 # microseconds
      periods     = 2
    }
  }
  api_alarms = {
    answers-5xx = {
      description = "The API answers 5xx"
      metric      = "5XXError"
      threshold   = 1
    }
    answers-4xx = {
      description = "Many requests are refused by the API: a wrong key, a caller above its rate, a wrong path, or errors of the model"
      metric      = "4XXError"
      threshold   = 100
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "endpoint" {
  for_each = local.endpoint_alarms

  alarm_name          = "${var.name}-endpoint-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/SageMaker"
  metric_name         = each.value.metric
  statistic           = each.value.statistic == "Sum" ? "Sum" : null
  extended_statistic  = each.value.statistic == "Sum" ? null : each.value.statistic
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topics
  ok_actions          = var.alarm_topics

  dimensions = {
    EndpointName = var.endpoint_name
    VariantName  = local.variant
  }
}

# An instance tells its load every minute. Where nothing tells, nothing runs.
resource "aws_cloudwatch_metric_alarm" "no_instance" {
  count = local.has_endpoint ? 1 : 0

  alarm_name          = "${var.name}-endpoint-no-instance"
  alarm_description   = "No instance of the endpoint is running"
  namespace           = "/aws/sagemaker/Endpoints"
  metric_name         = "CPUUtilization"
  statistic           = "SampleCount"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topics
  ok_actions          = var.alarm_topics

  dimensions = {
    EndpointName = var.endpoint_name
    VariantName  = local.variant
  }

  depends_on = [aws_sagemaker_endpoint.scorecard]
}

resource "aws_cloudwatch_metric_alarm" "api" {
  for_each = local.api_alarms

  alarm_name          = "${var.name}-api-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/ApiGateway"
  metric_name         = each.value.metric
  statistic           = "Sum"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topics
  ok_actions          = var.alarm_topics

  dimensions = {
    ApiName = aws_api_gateway_rest_api.scorecard.name
    Stage   = var.stage
  }
}
