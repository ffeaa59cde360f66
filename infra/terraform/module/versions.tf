# What the module needs.
# Written by `make terraform` from infra/topology.py; changes by hand are lost.

terraform {
  required_version = ">= 1.5.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.25.0, < 7.0.0"
    }
  }
}
