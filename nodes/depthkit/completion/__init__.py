"""From a few measured distances, or a sensor's partial map, to a dense metric map."""
