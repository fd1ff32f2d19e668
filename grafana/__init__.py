"""Boards and alerts as code: what Grafana shows is generated from the catalogue of measures, never drawn by
hand.

`grafana.build` writes `dashboards/` and `provisioning/`, both committed; building again changes nothing.
"""
