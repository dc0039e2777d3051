"""Audit this machine's Python with musterq: an example to copy.

Read it in this order: ``audit`` does the work and knows no queue; ``tasks`` puts that work into the queue's hands;
``discovery`` finds what there is to do; ``workers`` starts worker processes; ``__main__`` holds it all together.
``live``, ``report`` and ``proof`` only show what came of it.
"""
