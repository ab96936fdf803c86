"""FeatureSpace: columns of tables as the numbers that a network takes."""
