# `terraform test` in deploy/terraform: names and what follows from settings, without an account.
mock_provider "aws" {
  source = "./tests/account"
}

run "there_is_no_endpoint_before_there_is_an_image" {
  assert {
    condition     = length(aws_sagemaker_endpoint.scorecard) == 0 && output.model_name == null
    error_message = "SageMaker would refuse an endpoint without its image"
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.no_instance) == 0
    error_message = "an alarm would go off before the endpoint is there"
  }
}

run "names_are_those_of_the_reference" {
  variables {
    image_tag = "1.0"
  }

  assert {
    condition     = aws_s3_bucket.models.bucket == "css-mini-123456789012"
    error_message = "the bucket is css-mini-<account id>"
  }
  assert {
    condition     = aws_sagemaker_endpoint.scorecard[0].name == "css-mini-service-endpoint"
    error_message = "the endpoint is css-mini-service-endpoint"
  }
  assert {
    condition     = startswith(aws_sagemaker_model.scorecard[0].name, "css-mini-")
    error_message = "the model's name begins with css-mini"
  }
  assert {
    condition     = endswith(output.api_url, "/invocations") && aws_api_gateway_stage.scorecard.stage_name == "default"
    error_message = "callers POST to /default/invocations"
  }
}

run "another_image_is_another_model" {
  variables {
    image_tag = "1.1"
  }

  assert {
    condition     = aws_sagemaker_model.scorecard[0].name != run.names_are_those_of_the_reference.model_name
    error_message = "SageMaker would deploy nothing"
  }
  assert {
    condition     = aws_sagemaker_endpoint_configuration.scorecard[0].name == aws_sagemaker_model.scorecard[0].name
    error_message = "the configuration is named as its model"
  }
}

run "the_same_image_deployed_again_is_another_model" {
  variables {
    image_tag  = "1.1"
    deployment = 2
  }

  assert {
    condition     = aws_sagemaker_model.scorecard[0].name != run.another_image_is_another_model.model_name
    error_message = "the name may be taken by a model that a rolled-back deployment has left"
  }
}

run "a_pinned_version_is_served_without_a_network" {
  variables {
    image_tag        = "1.0"
    fallback_version = "0123456789abcdef0123456789abcdef"
    follow_registry  = false
  }

  assert {
    condition     = aws_sagemaker_model.scorecard[0].enable_network_isolation
    error_message = "nothing has to be fetched"
  }
  assert {
    condition     = !contains(keys(aws_sagemaker_model.scorecard[0].primary_container[0].environment), "SCORECARD_MODEL")
    error_message = "SCORECARD_MODEL would win over what SageMaker has unpacked"
  }
}

run "the_registry_is_followed_and_the_fallback_only_named" {
  variables {
    image_tag        = "1.0"
    fallback_version = "0123456789abcdef0123456789abcdef"
  }

  assert {
    condition     = aws_sagemaker_model.scorecard[0].primary_container[0].environment["SCORECARD_MODEL"] == output.registry
    error_message = "the endpoint follows the registry"
  }
  assert {
    condition     = aws_sagemaker_model.scorecard[0].primary_container[0].model_data_url == "${output.registry}/versions/0123456789abcdef0123456789abcdef/model.tar.gz"
    error_message = "ModelDataUrl names the fallback"
  }
}

run "without_data_cloud_nobody_else_reads" {
  assert {
    condition     = length(aws_iam_role.data_cloud) == 0 && output.data_cloud_role == null
    error_message = "there is no role without a principal"
  }
}
