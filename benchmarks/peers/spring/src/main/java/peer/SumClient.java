package peer;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.KafkaMessageListenerContainer;
import org.springframework.kafka.requestreply.ReplyingKafkaTemplate;
import org.springframework.kafka.support.TopicPartitionOffset;

/** The client process: a {@link ReplyingKafkaTemplate} that reads a reply partition of its own, without joining a group. */
public final class SumClient {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(10);
    private static final Duration TRY_WITHIN = Duration.ofSeconds(2);
    private static final long FIRST_ANSWER_WITHIN_NS = TimeUnit.SECONDS.toNanos(60);
    private static final int REPLY_PARTITION = 0;

    private final boolean isTuned;
    private Settings settings;
    private ReplyingKafkaTemplate<String, String, String> template;

    private SumClient(boolean isTuned) {
        this.isTuned = isTuned;
    }

    public static void main(String[] arguments) throws Exception {
        var client = new SumClient(arguments[0].equals("tuned"));
        Map<String, Lines.Command> commands = Map.of("start", client::start, "run", client::run);
        Lines.answer(commands, client::close);
    }

    private Object start(Object broker) throws Exception {
        settings = Settings.from(broker, isTuned);
        var container = new ContainerProperties(new TopicPartitionOffset(
                settings.replies(), REPLY_PARTITION, TopicPartitionOffset.SeekPosition.END));
        settings.tune(container);
        template = new ReplyingKafkaTemplate<>(
                settings.producers(), new KafkaMessageListenerContainer<>(settings.consumers("client"), container));
        template.setDefaultReplyTimeout(ANSWER_WITHIN);
        template.afterPropertiesSet();
        template.start();
        template.waitForAssignment(ANSWER_WITHIN);
        firstAnswer();
        return Map.of();
    }

    private Object run(Object load) throws Exception {
        return new LoadLoop(this::call, (Map<?, ?>) load).run();
    }

    private CompletableFuture<Sum> call(Terms terms) {
        return send(terms, ANSWER_WITHIN);
    }

    private CompletableFuture<Sum> send(Terms terms, Duration within) {
        var request = new ProducerRecord<String, String>(settings.requests(), Json.write(terms));
        return template.sendAndReceive(request, within).thenApply(SumClient::sumIn);
    }

    private static Sum sumIn(ConsumerRecord<String, String> reply) {
        return Json.read(reply.value(), Sum.class);
    }

    /** Consumers in a group have no partitions at first: only an answer shows that calls are taken. */
    private void firstAnswer() throws Exception {
        var startedAt = System.nanoTime();
        for (;;) {
            try {
                var terms = new Terms(1, 2, startedAt);
                if (terms.isAnsweredBy(send(terms, TRY_WITHIN).get())) return;
                throw new IllegalStateException("Wrong answer to " + terms);
            } catch (java.util.concurrent.ExecutionException late) {
                if (System.nanoTime() - startedAt > FIRST_ANSWER_WITHIN_NS) throw late;
            }
        }
    }

    private void close() {
        if (template != null) template.destroy();
    }
}
