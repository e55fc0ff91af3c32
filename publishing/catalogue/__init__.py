"""Descriptions of what is published, for machines: Data Package and DCAT-AP."""
