"""What client and server have in common."""

# Without it neither side serves its producer, which then takes no message after the 100,000th.
ACK = True


def topic_name(broker):
    """Part of the names of two topics; kafka-rpc takes it apart at underscores."""
    return broker["prefix"].rstrip(".") + ".kafka-rpc"
