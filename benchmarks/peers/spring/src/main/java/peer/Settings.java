package peer;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.listener.ContainerProperties;

/** The names of a run, and what "tuned" means: all that sets the two Spring peers apart. */
public record Settings(String brokers, String prefix, int partitions, boolean isTuned) {
    private static final long COMMIT_INTERVAL_MS = 1_000;

    static Settings from(Object argument, boolean isTuned) {
        var broker = (Map<?, ?>) argument;
        var brokers = String.join(",", Json.convert(broker.get("brokers"), String[].class));
        return new Settings(brokers, (String) broker.get("prefix"), (Integer) broker.get("partitions"), isTuned);
    }

    public String requests() {
        return prefix + name() + ".requests";
    }

    public String replies() {
        return prefix + name() + ".replies";
    }

    DefaultKafkaProducerFactory<String, String> producers() {
        var options = new HashMap<String, Object>();
        options.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
        // Since 4.0 the client waits 5 ms for company, which a call would pay twice.
        options.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        if (isTuned) {
            options.put(ProducerConfig.ACKS_CONFIG, "1");
            options.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, false);
        }
        return new DefaultKafkaProducerFactory<>(options, new StringSerializer(), new StringSerializer());
    }

    DefaultKafkaConsumerFactory<String, String> consumers(String role) {
        var options = new HashMap<String, Object>();
        options.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
        options.put(ConsumerConfig.GROUP_ID_CONFIG, prefix + name() + "." + role);
        return new DefaultKafkaConsumerFactory<>(options, new StringDeserializer(), new StringDeserializer());
    }

    void tune(ContainerProperties container) {
        if (!isTuned) return;
        container.setAckMode(ContainerProperties.AckMode.TIME);
        container.setAckTime(COMMIT_INTERVAL_MS);
        container.setSyncCommits(false);
    }

    private String name() {
        return isTuned ? "spring-tuned" : "spring";
    }
}
