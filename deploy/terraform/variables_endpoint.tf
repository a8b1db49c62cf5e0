variable "image_tag" {
  description = "Tag of the serving image in its repository. Not set: there is no endpoint yet, because SageMaker makes none before the image is there."
  type        = string
  default     = null

  validation {
    condition     = var.image_tag == null || (can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", var.image_tag)) && var.image_tag != "latest")
    error_message = "image_tag must be a tag, and not latest: a tag names one image for ever."
  }
}

variable "deployment" {
  description = "Number of the deployment, for deploying an image again after SageMaker rolled another one back: raise it by one."
  type        = number
  default     = 1

  validation {
    condition     = var.deployment >= 1 && floor(var.deployment) == var.deployment
    error_message = "deployment must be a whole number of at least 1."
  }
}

variable "endpoint_name" {
  description = "Name of the SageMaker endpoint."
  type        = string
  default     = "css-mini-service-endpoint"

  validation {
    condition     = can(regex("^[A-Za-z0-9](-*[A-Za-z0-9]){0,62}$", var.endpoint_name))
    error_message = "endpoint_name must have up to 63 letters, digits and hyphens, none of these first or last."
  }
}

variable "fallback_version" {
  description = "Version in the registry, its whole name, that ModelDataUrl names: what follow_registry = false serves. Not set: none."
  type        = string
  default     = null

  validation {
    condition     = var.fallback_version == null || can(regex("^[0-9a-f]{32}$", var.fallback_version))
    error_message = "fallback_version must be the whole name of a version, 32 hexadecimal digits: `scorecard versions --json` shows it."
  }
}

variable "follow_registry" {
  description = "Whether the endpoint serves what the registry's pointer names. false: it serves fallback_version and has no network."
  type        = bool
  default     = true

  validation {
    condition     = var.follow_registry || var.fallback_version != null
    error_message = "follow_registry = false needs fallback_version: there would be nothing to serve."
  }
}

variable "container_settings" {
  description = "Further settings of the container, SCORECARD_… as in deploy/README.md."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.container_settings) : can(regex("^SCORECARD_[A-Z_]+$", name))])
    error_message = "container_settings must have names that begin with SCORECARD_."
  }

  validation {
    condition     = length(setintersection(keys(var.container_settings), ["SCORECARD_MODEL", "SCORECARD_PORT", "SCORECARD_HOST", "SCORECARD_VERSION_HEADER"])) == 0
    error_message = "container_settings must not have SCORECARD_MODEL, _PORT, _HOST or _VERSION_HEADER: they follow from where the container runs."
  }
}

variable "instance_type" {
  description = "SageMaker instance type. The worst body takes 430 MB, four at once in each of two workers: 4 GB are the least for two CPUs."
  type        = string
  default     = "ml.m5.large"

  validation {
    condition     = can(regex("^ml\\.[a-z0-9-]+\\.[a-z0-9]+$", var.instance_type))
    error_message = "instance_type must be a SageMaker instance type, such as ml.m5.large."
  }
}

variable "instances" {
  description = "Least and most instances. Two at least keep the endpoint up while one is replaced."
  type = object({
    least = optional(number, 1)
    most  = optional(number, 2)
  })
  default = {}

  validation {
    condition     = var.instances.least >= 1 && var.instances.most >= var.instances.least && var.instances.most <= 50
    error_message = "instances must have 1 <= least <= most <= 50."
  }
}

variable "invocations_per_instance" {
  description = "Invocations per minute and instance above which another instance is started."
  type        = number
  default     = 3000

  validation {
    condition     = var.invocations_per_instance >= 1
    error_message = "invocations_per_instance must be at least 1."
  }
}
