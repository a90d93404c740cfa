//! The control plane: apps, deployments and secrets kept in the database; admin keys.
