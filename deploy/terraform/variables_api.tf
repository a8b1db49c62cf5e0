variable "callers" {
  description = "Names of the callers; each gets an API key of its own. The first one's is the output api_token."
  type        = list(string)
  default     = ["einstein-studio"]

  validation {
    condition     = length(var.callers) > 0 && length(distinct(var.callers)) == length(var.callers)
    error_message = "callers must have at least one name, none twice."
  }

  validation {
    condition     = alltrue([for caller in var.callers : can(regex("^[a-z0-9][a-z0-9-]{0,62}$", caller))])
    error_message = "callers must be names of lower-case letters, digits and hyphens."
  }
}

variable "stage" {
  description = "Stage of the API, the first part of the path: callers POST to /STAGE/invocations."
  type        = string
  default     = "default"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,128}$", var.stage))
    error_message = "stage must have letters, digits, - and _ only."
  }
}

variable "throttle" {
  description = "Requests per second that each caller may make, and how many at once above that; more get 429."
  type = object({
    rate  = optional(number, 20)
    burst = optional(number, 40)
  })
  default = {}

  validation {
    condition     = var.throttle.rate > 0 && var.throttle.burst >= 1
    error_message = "throttle must have a rate above 0 and a burst of at least 1: 0 would refuse everything."
  }
}

variable "quota_per_day" {
  description = "Requests that each caller may make a day; more get 429. Not set: any number."
  type        = number
  default     = null

  validation {
    condition     = var.quota_per_day == null || try(var.quota_per_day >= 1, false)
    error_message = "quota_per_day must be at least 1."
  }
}

variable "timeout_ms" {
  description = "Milliseconds the API waits for the endpoint. More than 29,000 needs a higher quota of the account; SageMaker gives up after 60,000."
  type        = number
  default     = 29000

  validation {
    condition     = var.timeout_ms >= 50 && var.timeout_ms <= 60000
    error_message = "timeout_ms must be between 50 and 60000."
  }
}

variable "api_logs" {
  description = "Whether this stack gives API Gateway its role for logs. There is one per account and region: false if another stack has given it."
  type        = bool
  default     = true
}
