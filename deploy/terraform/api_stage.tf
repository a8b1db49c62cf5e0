resource "aws_api_gateway_deployment" "scorecard" {
  rest_api_id = aws_api_gateway_rest_api.scorecard.id

  # A deployment is a snapshot: it is taken anew when anything it holds has changed.
  triggers = {
    content = sha256(jsonencode([
      filesha256("${path.module}/api.tf"),
      aws_iam_role.api.arn,
      var.endpoint_name,
      var.region,
      var.timeout_ms,
    ]))
  }

  depends_on = [
    aws_api_gateway_integration_response.passed_on,
    aws_api_gateway_integration_response.others,
  ]

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "scorecard" {
  rest_api_id   = aws_api_gateway_rest_api.scorecard.id
  deployment_id = aws_api_gateway_deployment.scorecard.id
  stage_name    = var.stage

  # Who asked, what came of it, how long it took; never a body or a key.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api.arn
    format = jsonencode({
      request_id      = "$context.requestId"
      time            = "$context.requestTime"
      caller          = "$context.identity.apiKeyId"
      address         = "$context.identity.sourceIp"
      method          = "$context.httpMethod"
      path            = "$context.path"
      status          = "$context.status"
      error           = "$context.error.responseType"
      endpoint_status = "$context.integration.status"
      endpoint_ms     = "$context.integration.latency"
      ms              = "$context.responseLatency"
    })
  }

  depends_on = [aws_api_gateway_account.logs]
}

resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.scorecard.id
  stage_name  = aws_api_gateway_stage.scorecard.stage_name
  method_path = "*/*"

  settings {
    metrics_enabled = true
    logging_level   = "ERROR"
    # It would write whole bodies into the log.
    data_trace_enabled     = false
    throttling_rate_limit  = var.throttle.rate * length(var.callers)
    throttling_burst_limit = var.throttle.burst * length(var.callers)
  }
}

resource "aws_cloudwatch_log_group" "api" {
  name              = "/aws/apigateway/${var.name}-api"
  retention_in_days = var.log_days
}

# One role writes the logs of all APIs of this account in this region.
resource "aws_api_gateway_account" "logs" {
  count = var.api_logs ? 1 : 0

  cloudwatch_role_arn = aws_iam_role.api_logs[0].arn

  depends_on = [aws_iam_role_policy.api_logs]
}

resource "aws_iam_role" "api_logs" {
  count = var.api_logs ? 1 : 0

  name               = "${var.name}-api-logs"
  assume_role_policy = data.aws_iam_policy_document.trust["apigateway"].json
}

data "aws_iam_policy_document" "api_logs" {
  statement {
    # API Gateway names the groups of its error logs itself, and tries the role before it takes it.
    sid = "WriteLogs"
    actions = [
      "logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
      "logs:FilterLogEvents", "logs:GetLogEvents", "logs:PutLogEvents",
    ]
    resources = ["arn:${local.partition}:logs:${var.region}:${local.account}:log-group:*"]
  }
}

resource "aws_iam_role_policy" "api_logs" {
  count = var.api_logs ? 1 : 0

  name   = "logs"
  role   = aws_iam_role.api_logs[0].id
  policy = data.aws_iam_policy_document.api_logs.json
}
