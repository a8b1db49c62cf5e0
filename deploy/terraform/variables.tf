variable "region" {
  description = "AWS region of everything here."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be a name such as us-east-1."
  }
}

variable "name" {
  description = "Beginning of the names of the bucket, the repositories, the roles and the model."
  type        = string
  default     = "css-mini"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 32 lower-case letters, digits and hyphens, a letter first, no hyphen last: a bucket's name begins with it."
  }
}

variable "registry_prefix" {
  description = "Prefix in the bucket under which the registry of models lies."
  type        = string
  default     = "models"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", var.registry_prefix))
    error_message = "registry_prefix must be words of letters, digits, _ and -, with / between, such as models or team/models."
  }

  validation {
    condition     = !contains(["product_metrics", "usage_metrics", "peer_dims", "training"], split("/", var.registry_prefix)[0])
    error_message = "registry_prefix must not begin with product_metrics, usage_metrics, peer_dims or training: other roles may read or write there."
  }
}

variable "old_objects_days" {
  description = "Days after which what was overwritten or deleted in the bucket is gone for good."
  type        = number
  default     = 90

  validation {
    condition     = var.old_objects_days >= 7 && floor(var.old_objects_days) == var.old_objects_days
    error_message = "old_objects_days must be a whole number of at least 7: a deleted model should be missed before it is gone."
  }
}

variable "log_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "log_days must be one that CloudWatch knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731 and so on."
  }
}

variable "deletion_allowed" {
  description = "Whether destroy removes the bucket and the repositories with what is in them."
  type        = bool
  default     = false
}

variable "alarm_topics" {
  description = "ARNs of the SNS topics that alarms are sent to; empty: alarms are only seen in CloudWatch."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.alarm_topics : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", arn))])
    error_message = "alarm_topics must hold ARNs of SNS topics, such as arn:aws:sns:us-east-1:123456789012:on-call."
  }
}

variable "data_cloud" {
  description = "Who reads the data prefixes for Data Cloud: the principal that assumes the role, and the external id it gives. Not set: there is no such role."
  type = object({
    principal_arn = string
    external_id   = string
  })
  default = null

  validation {
    condition     = var.data_cloud == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[^*]+$", var.data_cloud.principal_arn))
    error_message = "data_cloud.principal_arn must be the ARN of one role or user, without *."
  }

  validation {
    condition     = var.data_cloud == null || try(length(var.data_cloud.external_id) >= 16, false)
    error_message = "data_cloud.external_id must have at least 16 characters: it keeps other customers of the same principal out."
  }
}
