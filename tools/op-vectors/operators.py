"""Importing this registers every operator."""

import ops_binary  # noqa: F401
import ops_conv  # noqa: F401
import ops_edges  # noqa: F401
import ops_functions  # noqa: F401
import ops_matmul  # noqa: F401
import ops_move  # noqa: F401
import ops_quantize  # noqa: F401
import ops_reduce  # noqa: F401
import ops_resize  # noqa: F401
import ops_shape  # noqa: F401
import ops_split  # noqa: F401
import ops_unary  # noqa: F401
