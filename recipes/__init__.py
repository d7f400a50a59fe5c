"""How every reference checkpoint was trained: ``python -m recipes NAME``.

A recipe runs on two CPU cores and shows its progress; those of digits need MNIST. Interrupt a GAN's
training when you like: the same command goes on where it stopped. The result replaces
``data/checkpoints/NAME``.
"""
