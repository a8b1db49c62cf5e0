# What a plan refuses before anything is changed, all mistakes at once.
mock_provider "aws" {
  source = "./tests/account"
}

run "every_setting_can_be_wrong" {
  command = plan

  variables {
    region                   = "Frankfurt"
    name                     = "CSS Mini"
    registry_prefix          = "usage_metrics/models"
    old_objects_days         = 1
    log_days                 = 100
    alarm_topics             = ["ops@example.com"]
    data_cloud               = { principal_arn = "arn:aws:iam::210987654321:role/reader", external_id = "" }
    image_tag                = "latest"
    deployment               = 1.5
    endpoint_name            = "css_mini"
    fallback_version         = "5f0c2a"
    container_settings       = { AWS_ACCESS_KEY_ID = "AKIA" }
    instance_type            = "t3.small"
    instances                = { least = 3, most = 2 }
    invocations_per_instance = 0
    callers                  = []
    stage                    = "a/b"
    throttle                 = { rate = 0 }
    quota_per_day            = 0
    timeout_ms               = 60001
  }

  expect_failures = [
    var.region,
    var.name,
    var.registry_prefix,
    var.old_objects_days,
    var.log_days,
    var.alarm_topics,
    var.data_cloud,
    var.image_tag,
    var.deployment,
    var.endpoint_name,
    var.fallback_version,
    var.container_settings,
    var.instance_type,
    var.instances,
    var.invocations_per_instance,
    var.callers,
    var.stage,
    var.throttle,
    var.quota_per_day,
    var.timeout_ms,
  ]
}

run "some_in_another_way" {
  command = plan

  variables {
    registry_prefix    = "models/"
    data_cloud         = { principal_arn = "*", external_id = "0123456789abcdef" }
    container_settings = { SCORECARD_MODEL = "s3://elsewhere/models" }
    callers            = ["a", "a"]
  }

  expect_failures = [
    var.registry_prefix,
    var.data_cloud,
    var.container_settings,
    var.callers,
  ]
}

run "some_in_a_third_way" {
  command = plan

  variables {
    callers = ["einstein studio"]
  }

  expect_failures = [
    var.callers,
  ]
}

run "nothing_to_serve" {
  command = plan

  variables {
    follow_registry = false
  }

  expect_failures = [
    var.follow_registry,
  ]
}
