output "api_url" {
  description = "What Einstein Studio is told: callers POST here."
  value       = "${aws_api_gateway_stage.scorecard.invoke_url}/${aws_api_gateway_resource.invocations.path_part}"
}

output "api_token" {
  description = "Key of the first caller, for the header x-api-key."
  value       = aws_api_gateway_api_key.caller[var.callers[0]].value
  sensitive   = true
}

output "api_tokens" {
  description = "Keys of all callers, by name."
  value       = { for caller, key in aws_api_gateway_api_key.caller : caller => key.value }
  sensitive   = true
}

output "s3_bucket" {
  description = "Bucket of the registry and the data."
  value       = aws_s3_bucket.models.id
}

output "registry" {
  description = "Address of the registry, for scorecard publish, promote and rollback."
  value       = local.registry
}

output "model_name" {
  description = "Name of the SageMaker model that is deployed; null while there is no endpoint."
  value       = one(aws_sagemaker_model.scorecard[*].name)
}

output "endpoint_name" {
  description = "Name of the SageMaker endpoint."
  value       = var.endpoint_name
}

output "ecr_url" {
  description = "Repository of the serving image."
  value       = aws_ecr_repository.image["serving"].repository_url
}

output "ecr_training_url" {
  description = "Repository of the training image."
  value       = aws_ecr_repository.image["training"].repository_url
}

output "training_role" {
  description = "ARN of the role of training jobs."
  value       = aws_iam_role.training.arn
}

output "publisher_policy" {
  description = "ARN of the policy that lets people and CI publish and promote models."
  value       = aws_iam_policy.publisher.arn
}

output "data_cloud_role" {
  description = "ARN of the role that reads the data prefixes for Data Cloud; null without data_cloud."
  value       = one(aws_iam_role.data_cloud[*].arn)
}

output "logs" {
  description = "Log groups of the container and of the API."
  value = {
    endpoint = aws_cloudwatch_log_group.endpoint.name
    api      = aws_cloudwatch_log_group.api.name
  }
}
