"""From a map to a better map: window, align, fill, smooth, refine, steady."""
