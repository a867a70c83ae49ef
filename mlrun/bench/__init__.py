"""What the environments cost: beside the physics engine alone, beside other packages, and part by part.

Whatever is compared takes turns within one process, so that other work on the machine slows all of it alike.
"""
