# A key for each caller. Keys lie in Terraform's state: keep the state where only its operators read.
resource "aws_api_gateway_api_key" "caller" {
  for_each = toset(var.callers)

  name        = "${var.name}-${each.key}"
  description = "Customer success scorecard: ${each.key}"
}

resource "aws_api_gateway_usage_plan" "callers" {
  name        = "${var.name}-callers"
  description = "What each caller may ask of the customer success scorecard"

  api_stages {
    api_id = aws_api_gateway_rest_api.scorecard.id
    stage  = aws_api_gateway_stage.scorecard.stage_name
  }

  throttle_settings {
    rate_limit  = var.throttle.rate
    burst_limit = var.throttle.burst
  }

  dynamic "quota_settings" {
    for_each = var.quota_per_day == null ? [] : [var.quota_per_day]

    content {
      limit  = quota_settings.value
      period = "DAY"
    }
  }
}

resource "aws_api_gateway_usage_plan_key" "caller" {
  for_each = aws_api_gateway_api_key.caller

  key_id        = each.value.id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.callers.id
}
