"""Seats on a Ray cluster: Ray places them, and its autoscaler brings and takes machines."""
