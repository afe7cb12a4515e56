package peer;

import java.util.Map;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.EnableKafka;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.messaging.handler.annotation.SendTo;

/** The server process: one {@code @KafkaListener} that answers by {@code @SendTo}, a consumer per partition. */
public final class SumServer {
    private final boolean isTuned;
    private AnnotationConfigApplicationContext context;

    private SumServer(boolean isTuned) {
        this.isTuned = isTuned;
    }

    public static void main(String[] arguments) throws Exception {
        var server = new SumServer(arguments[0].equals("tuned"));
        Map<String, Lines.Command> commands =
                Map.of("start", server::start, "cpuSeconds", nothing -> Lines.cpuSeconds());
        Lines.answer(commands, server::close);
    }

    private Object start(Object broker) {
        context = new AnnotationConfigApplicationContext();
        context.registerBean("settings", Settings.class, () -> Settings.from(broker, isTuned));
        context.register(Listening.class);
        context.refresh();
        return Map.of();
    }

    private void close() {
        if (context != null) context.close();
    }

    @Configuration
    @EnableKafka
    static class Listening {
        @Bean
        ConcurrentKafkaListenerContainerFactory<String, String> kafkaListenerContainerFactory(Settings settings) {
            var factory = new ConcurrentKafkaListenerContainerFactory<String, String>();
            factory.setConsumerFactory(settings.consumers("server"));
            factory.setConcurrency(settings.partitions());
            factory.setReplyTemplate(new KafkaTemplate<>(settings.producers()));
            settings.tune(factory.getContainerProperties());
            return factory;
        }

        @Bean
        SumListener sumListener() {
            return new SumListener();
        }
    }

    static class SumListener {
        @KafkaListener(topics = "#{settings.requests()}")
        @SendTo
        public String add(String request) {
            var terms = Json.read(request, Terms.class);
            return Json.write(new Sum(terms.a() + terms.b(), terms.nonce()));
        }
    }
}
