"""The steps of the method on engines that spread work over many machines: for each an extra, none of them needed."""
