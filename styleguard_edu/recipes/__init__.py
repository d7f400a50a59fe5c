"""How every reference checkpoint was trained: ``python -m styleguard_edu.recipes NAME``.

A recipe needs MNIST, runs on two CPU cores, and shows its progress. Interrupt a GAN's training
when you like: the same command goes on where it stopped. The result replaces
``data/checkpoints/NAME``.
"""
