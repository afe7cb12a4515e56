package peer;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** Answers the benchmark's questions, a line of JSON each, until it says "leave" or is gone. */
final class Lines {
    /** One command: its argument is JSON made of maps, lists and numbers, and so is its answer. */
    interface Command {
        Object answer(Object argument) throws Exception;
    }

    private Lines() {}

    static void answer(Map<String, Command> commands, Runnable leave) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (var line = lines.readLine(); line != null; line = lines.readLine()) {
            var question = Json.read(line, Map.class);
            if ("leave".equals(question.get("command"))) break;
            System.out.println(Json.write(answerTo(question, commands)));
        }
        leave.run();
        System.exit(0);
    }

    /** User and system time of this process so far. */
    static double cpuSeconds() {
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return system.getProcessCpuTime() / 1e9;
    }

    private static Map<String, Object> answerTo(Map<?, ?> question, Map<String, Command> commands) {
        var answer = new HashMap<String, Object>();
        answer.put("id", question.get("id"));
        try {
            var command = commands.get(question.get("command"));
            if (command == null) throw new IllegalArgumentException("unknown command " + question.get("command"));
            answer.put("value", command.answer(question.get("argument")));
        } catch (Exception failure) {
            answer.put("error", failure.toString());
        }
        return answer;
    }
}
