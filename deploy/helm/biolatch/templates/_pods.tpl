{{/* What all pods have in common. A workload is a dictionary: `context` the root, `component` its name
     without the release's, `own` its values. */}}

{{- define "biolatch.podStart" -}}
serviceAccountName: {{ include "biolatch.name" .context }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .context.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .own.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  {{- include "biolatch.podSecurity" .context | nindent 2 }}
{{- with .own.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .own.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .own.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "biolatch.podLabels" -}}
{{ include "biolatch.labels" .context }}
app.kubernetes.io/component: {{ .component }}
{{- with .own.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "biolatch.podAnnotations" -}}
kubectl.kubernetes.io/default-container: {{ .component }}
{{- with .own.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Over zones and nodes, where there are several. */}}
{{- define "biolatch.spread" -}}
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- topologyKey: {{ $key }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "biolatch.selector" $.context | nindent 6 }}
      app.kubernetes.io/component: {{ $.component }}
{{- end }}
{{- end }}

{{/* Lets peers of NetworkPolicy reach one port of a component. An empty `from` would mean everybody, so
     where nobody is named there is no rule at all. */}}
{{- define "biolatch.openPort" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "biolatch.name" .context }}-{{ .component }}
  labels:
    {{- include "biolatch.labels" .context | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  podSelector:
    matchLabels:
      {{- include "biolatch.selector" .context | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
  policyTypes: [Ingress]
  {{- with .own.from }}
  ingress:
    - from:
        {{- toYaml . | nindent 8 }}
      ports:
        - port: {{ $.port }}
  {{- else }}
  ingress: []
  {{- end }}
{{- end }}
