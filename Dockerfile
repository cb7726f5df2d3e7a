# syntax=docker/dockerfile:1
# Kinora in a container. `docker build --target cpu .` runs on any x64 or arm64 machine, `--target cuda .` on NVIDIA cards.
# No Python in either. docs/docker.md tells how they are run, how large they are, and what of this file was tried.

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build && npm prune --omit=dev --no-audit --no-fund
# Libraries of other systems and processors: two thirds of the package.
RUN cd node_modules/onnxruntime-node/bin/napi-v6 \
  && mkdir kept \
  && mv "linux/$(node -p process.arch)" kept/ \
  && rm -rf darwin win32 linux \
  && mv kept linux

FROM node:22-bookworm-slim AS cpu
COPY --from=build /app/package.json /app/
COPY --from=build /app/node_modules /app/node_modules
COPY --from=build /app/dist /app/dist
COPY LICENSE /app/
COPY assets /app/assets
COPY models/demo /app/models/demo
COPY models/upscale /app/models/upscale
COPY models/rife /app/models/rife
RUN ln -s /app/dist/main.js /usr/local/bin/kinora \
  && chmod +x /app/dist/main.js \
  && install -d -o node -g node /var/lib/kinora /var/lib/kinora/data /var/lib/kinora/models
# DATA_DIR and the models that `kinora model pull` brings are folders of this one.
WORKDIR /var/lib/kinora
# Where the bot answers, for the container itself alone; docs/operating.md.
ENV NODE_ENV=production HTTP_LISTEN=9464
USER node
VOLUME ["/var/lib/kinora/data", "/var/lib/kinora/models"]
STOPSIGNAL SIGTERM
# Alive, not ready: to start it anew mends no outage of Discord.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["kinora", "health"]
ENTRYPOINT ["kinora"]
CMD ["bot"]

FROM cpu AS cuda
USER root
# The provider, and CUDA's and cuDNN's libraries that it needs: nothing of the toolkit. The driver comes from the host.
RUN kinora setup cuda
ENV PROVIDER=cuda NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER node
