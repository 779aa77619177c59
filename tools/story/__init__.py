# SPDX-License-Identifier: MIT
"""tools/story: what tools/explain is made of: log.py reads, program.py and values.py ask the ELF file, report.py tells."""
