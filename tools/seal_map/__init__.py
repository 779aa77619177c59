# SPDX-License-Identifier: MIT
"""tools/seal_map: the pictures of `make map` (tools/map.py): snapshot.py boots and walks, bands.py makes bands of it, picture.py draws."""
