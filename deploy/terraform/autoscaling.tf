resource "aws_appautoscaling_target" "endpoint" {
  count = local.has_endpoint ? 1 : 0

  service_namespace  = "sagemaker"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  resource_id        = "endpoint/${aws_sagemaker_endpoint.scorecard[0].name}/variant/${local.variant}"
  min_capacity       = var.instances.least
  max_capacity       = var.instances.most

  lifecycle {
    # An endpoint is updated with its autoscaling off, as SageMaker asks for.
    replace_triggered_by = [aws_sagemaker_endpoint_configuration.scorecard[0].name]
  }
}

resource "aws_appautoscaling_policy" "endpoint" {
  count = local.has_endpoint ? 1 : 0

  name               = "${var.endpoint_name}-invocations"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.endpoint[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.endpoint[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.endpoint[0].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.invocations_per_instance
    scale_in_cooldown  = 600
    scale_out_cooldown = 120

    predefined_metric_specification {
      predefined_metric_type = "SageMakerVariantInvocationsPerInstance"
    }
  }

  lifecycle {
    # A target takes its policies with it when it goes.
    replace_triggered_by = [aws_appautoscaling_target.endpoint]
  }
}
