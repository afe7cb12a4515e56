package peer;

/** What is answered. */
public record Sum(long sum, long nonce) {}
