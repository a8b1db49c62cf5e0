# The door in AWS: checks keys, counts requests, and asks the endpoint with a role of its own.
resource "aws_api_gateway_rest_api" "scorecard" {
  name           = "${var.name}-api"
  description    = "Customer success scorecard: POST /${var.stage}/invocations"
  api_key_source = "HEADER"

  endpoint_configuration {
    types = ["REGIONAL"]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_resource" "invocations" {
  rest_api_id = aws_api_gateway_rest_api.scorecard.id
  parent_id   = aws_api_gateway_rest_api.scorecard.root_resource_id
  path_part   = "invocations"
}

resource "aws_api_gateway_method" "invocations" {
  rest_api_id      = aws_api_gateway_rest_api.scorecard.id
  resource_id      = aws_api_gateway_resource.invocations.id
  http_method      = "POST"
  authorization    = "NONE"
  api_key_required = true

  request_parameters = {
    "method.request.header.Accept"       = false
    "method.request.header.Content-Type" = false
  }
}

resource "aws_api_gateway_integration" "invocations" {
  rest_api_id             = aws_api_gateway_rest_api.scorecard.id
  resource_id             = aws_api_gateway_resource.invocations.id
  http_method             = aws_api_gateway_method.invocations.http_method
  type                    = "AWS"
  integration_http_method = "POST"
  uri                     = "arn:${local.partition}:apigateway:${var.region}:runtime.sagemaker:path/endpoints/${var.endpoint_name}/invocations"
  credentials             = aws_iam_role.api.arn
  passthrough_behavior    = "WHEN_NO_MATCH"
  timeout_milliseconds    = var.timeout_ms

  request_parameters = {
    "integration.request.header.Accept"       = "method.request.header.Accept"
    "integration.request.header.Content-Type" = "method.request.header.Content-Type"
  }
}

locals {
  # What SageMaker answers reaches the caller with its own status: an error is never a 200. A
  # container's error is SageMaker's 424 with the container's status and body in it.
  passed_on = ["200", "400", "413", "424", "429", "500", "503"]
}

resource "aws_api_gateway_method_response" "passed_on" {
  for_each = toset(concat(local.passed_on, ["502"]))

  rest_api_id = aws_api_gateway_rest_api.scorecard.id
  resource_id = aws_api_gateway_resource.invocations.id
  http_method = aws_api_gateway_method.invocations.http_method
  status_code = each.key

  response_parameters = {
    "method.response.header.Content-Type"        = false
    "method.response.header.X-Scorecard-Version" = false
  }
}

resource "aws_api_gateway_integration_response" "passed_on" {
  for_each = toset(local.passed_on)

  rest_api_id       = aws_api_gateway_rest_api.scorecard.id
  resource_id       = aws_api_gateway_resource.invocations.id
  http_method       = aws_api_gateway_integration.invocations.http_method
  status_code       = aws_api_gateway_method_response.passed_on[each.key].status_code
  selection_pattern = each.key

  response_parameters = merge(
    { "method.response.header.Content-Type" = "integration.response.header.Content-Type" },
    each.key != "200" ? {} : {
      "method.response.header.X-Scorecard-Version" = "integration.response.header.X-Amzn-SageMaker-Custom-Attributes"
    },
  )
}

# All others, such as the 403 of a role that may not invoke: the operator's to mend, and what it
# says about roles and accounts is not for callers.
resource "aws_api_gateway_integration_response" "others" {
  rest_api_id = aws_api_gateway_rest_api.scorecard.id
  resource_id = aws_api_gateway_resource.invocations.id
  http_method = aws_api_gateway_integration.invocations.http_method
  status_code = aws_api_gateway_method_response.passed_on["502"].status_code

  response_templates = {
    "application/json" = jsonencode({ message = "Bad gateway" })
  }
}
