"""Apache Kafka, started by the tests and stopped by them; and clients that are not ours."""
