"""Backbones, embeddings, the instant probe and fine-tuning."""
