"""Networks of others: their gates found, read and edited without their source, and stored without their code."""
