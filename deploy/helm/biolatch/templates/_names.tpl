{{/* Names and labels. An agent's workload is called RELEASE-AGENT, so that its pods, which are static
     members of the group by their names, never share one. */}}

{{- define "biolatch.name" -}}
{{- if contains "biolatch" .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-biolatch" .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "biolatch.selector" -}}
app.kubernetes.io/name: biolatch
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "biolatch.labels" -}}
{{ include "biolatch.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: biolatch
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "biolatch.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end }}
