# The sample app: one image for service and gateway, the command says which.
FROM node:22-alpine AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build:programs

FROM node:22-alpine
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app/package.json ./
# All of them: what the sample app needs beside the library (Nest, Express, class-validator) is a development dependency here.
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/build/sample-app ./build/sample-app
USER node
CMD ["node", "build/sample-app/service/main.js"]
