# What only the container knows stands in its log, a JSON object a line.
locals {
  log_alarms = {
    model-not-loaded = {
      description = "A worker has no model, and answers 503"
      pattern     = "{ $.event = \"model not loaded\" }"
    }
    model-refused = {
      description = "The registry's pointer names a version that must not be served; the old one goes on"
      pattern     = "{ $.event = \"model refused\" }"
    }
    registry-not-read = {
      description = "The registry cannot be read; the model in use goes on"
      pattern     = "{ $.event = \"registry not read\" }"
    }
    columns-shifted = {
      description = "Requests were refused because a column is outside the training range: columns in another order"
      pattern     = "{ $.reason = \"*beyond what training has seen*\" }"
    }
  }
}

resource "aws_cloudwatch_log_metric_filter" "log" {
  for_each = local.log_alarms

  name           = "${var.name}-${each.key}"
  log_group_name = aws_cloudwatch_log_group.endpoint.name
  pattern        = each.value.pattern

  metric_transformation {
    namespace     = "scorecard/${var.endpoint_name}"
    name          = each.key
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_metric_alarm" "log" {
  for_each = local.log_alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "scorecard/${var.endpoint_name}"
  metric_name         = aws_cloudwatch_log_metric_filter.log[each.key].metric_transformation[0].name
  statistic           = "Sum"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topics
  ok_actions          = var.alarm_topics
}
