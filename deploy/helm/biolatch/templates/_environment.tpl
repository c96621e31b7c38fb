{{/* The environment of a process, and what it mounts. A process is a dictionary: `context` the root,
     `settings` and `secretFiles` as it gets them, `policy` whether it is told the policy. */}}

{{/* All names of a process's settings must be settings of this version, and none of the chart's own.
     files/settings.json is drawn from the code. */}}
{{- define "biolatch.checkSettings" -}}
{{- $known := .context.Files.Get "files/settings.json" | fromJsonArray -}}
{{- range $variable := .names -}}
{{- if has $variable (list "BIOLATCH_KAFKA__BOOTSTRAP_SERVERS" "BIOLATCH_KAFKA__CLIENT_ID" "BIOLATCH_APPLICATION__NAME" "BIOLATCH_MEMBERSHIP__INSTANCE_ID" "BIOLATCH_MEMBERSHIP__SESSION_TIMEOUT_S" "BIOLATCH_STORE__FOLDER" "BIOLATCH_METRICS__HOST" "BIOLATCH_METRICS__PORT" "BIOLATCH_MONITOR__PORT" "BIOLATCH_CONSOLE__HOST" "BIOLATCH_CONSOLE__PORT" "BIOLATCH_READ_API__HOST" "BIOLATCH_READ_API__PORT" "BIOLATCH_ANALYTICS__PARQUET_FOLDER" "BIOLATCH_POLICY_FILE") -}}
{{- fail (printf "\n\n%s is set by the chart itself: use the value that stands for it in values.yaml.\n" $variable) -}}
{{- end -}}
{{- if not (has $variable $known) -}}
{{- fail (printf "\n\n%s is no setting of biolatch %s: see docs/reference/settings.md.\n" $variable $.context.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "biolatch.checkSecretFiles" -}}
{{- range $variable := .names -}}
{{- if not (hasSuffix "_FILE" $variable) -}}
{{- fail (printf "\n\nsecretFiles: %s does not name a file. Only settings that end in _FILE can come from a Secret.\n" $variable) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "biolatch.environment" -}}
{{- include "biolatch.checkSettings" (dict "context" .context "names" (concat (keys .settings) (keys .secretFiles))) -}}
{{- include "biolatch.checkSecretFiles" (dict "names" (keys .secretFiles)) -}}
- name: BIOLATCH_KAFKA__BOOTSTRAP_SERVERS
  value: {{ required "\n\nkafka.bootstrapServers is not set: HOST:PORT of the Kafka to use, several with commas.\n" .context.Values.kafka.bootstrapServers | quote }}
- name: BIOLATCH_KAFKA__CLIENT_ID
  valueFrom:
    fieldRef: { fieldPath: metadata.name }
- name: BIOLATCH_APPLICATION__NAME
  value: {{ .context.Values.kafka.application | quote }}
{{- if .policy }}
- name: BIOLATCH_POLICY_FILE
  value: /etc/biolatch/policy/policy.toml
{{- end }}
{{- range $variable := keys .settings | sortAlpha }}
{{- if not (hasKey $.secretFiles $variable) }}
- name: {{ $variable }}
  value: {{ include "biolatch.text" (get $.settings $variable) | quote }}
{{- end }}
{{- end }}
{{- range $variable := keys .secretFiles | sortAlpha }}
- name: {{ $variable }}
  value: {{ include "biolatch.secretFolder" $variable }}/{{ (get $.secretFiles $variable).key }}
{{- end }}
{{- end }}

{{/* Where metrics and health are shown: on the pod's addresses, which the NetworkPolicy guards. */}}
{{- define "biolatch.metricsPort" -}}9464{{- end }}

{{- define "biolatch.metricsEnvironment" -}}
- name: BIOLATCH_METRICS__HOST
  value: 0.0.0.0
- name: BIOLATCH_METRICS__PORT
  value: {{ include "biolatch.metricsPort" . | quote }}
{{- end }}

{{/* What a process that decides nothing gets of the common settings or secretFiles: how to reach Kafka, whose
     topics they are, and how to log. Keys of publishers and of erasure are none of its business. */}}
{{- define "biolatch.common" -}}
{{- $found := dict -}}
{{- range $variable, $value := . -}}
{{- if regexMatch "^BIOLATCH_(KAFKA|APPLICATION|LOG)__" $variable -}}
{{- $_ := set $found $variable $value -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end }}

{{/* A value as a variable has it; YAML's numbers come as floats, and 2097152 is not 2.097152e+06. */}}
{{- define "biolatch.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}{{ . | int64 }}{{- else -}}{{ . | toString }}{{- end -}}
{{- end }}

{{/* Each Secret is mounted as a folder of its own: only then does a file change with its Secret. */}}
{{- define "biolatch.secretVolume" -}}
{{- printf "secret-%s" (. | trimPrefix "BIOLATCH_" | lower | replace "__" "-" | replace "_" "-") | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "biolatch.secretFolder" -}}
{{- printf "/etc/biolatch/%s" (include "biolatch.secretVolume" .) -}}
{{- end }}

{{- define "biolatch.mounts" -}}
- name: scratch
  mountPath: /tmp
{{- if .policy }}
- name: policy
  mountPath: /etc/biolatch/policy
  readOnly: true
{{- end }}
{{- range $variable := keys .secretFiles | sortAlpha }}
- name: {{ include "biolatch.secretVolume" $variable }}
  mountPath: {{ include "biolatch.secretFolder" $variable }}
  readOnly: true
{{- end }}
{{- end }}

{{- define "biolatch.volumes" -}}
- name: scratch
  emptyDir: { medium: Memory, sizeLimit: 64Mi }
{{- if .policy }}
- name: policy
  configMap:
    name: {{ include "biolatch.name" .context }}-policy
{{- end }}
{{- range $variable := keys .secretFiles | sortAlpha }}
{{- $file := get $.secretFiles $variable }}
- name: {{ include "biolatch.secretVolume" $variable }}
  secret:
    secretName: {{ $file.secretName }}
    defaultMode: 0440
    items:
      - key: {{ $file.key }}
        path: {{ $file.key }}
{{- end }}
{{- end }}

{{- define "biolatch.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "biolatch.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}
