// Verifies deliveries by the reference library of the scheme: lines of {secret, headers, body} on stdin.
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";

for await (const line of createInterface({ input: process.stdin })) {
  const { secret, headers, body } = JSON.parse(line);
  let told;
  try {
    told = { event: new Webhook(secret).verify(body, headers).event };
  } catch (error) {
    told = { error: error.constructor.name };
  }
  console.log(JSON.stringify(told));
}
