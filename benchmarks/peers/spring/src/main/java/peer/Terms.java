package peer;

/** What is asked: the sum of two numbers, and the nonce back. */
public record Terms(long a, long b, long nonce) {

    boolean isAnsweredBy(Sum answer) {
        return answer.sum() == a + b && answer.nonce() == nonce;
    }
}
