"""Golden trajectories: cases, the script that makes them with Keras 3, and its .npz files."""
