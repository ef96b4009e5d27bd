"""Files made beside the pages: by a process of their own, one after the other, within bounds."""
