"""The portal: what one vendor has to do, its people and its keys."""
