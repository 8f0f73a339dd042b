{{- define "hitl.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "hitl.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "hitl.labels" -}}
{{ include "hitl.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "hitl.host" -}}
{{ required "host: where people open the console, such as console.example.com" .Values.host }}
{{- end }}

{{- define "hitl.secret" -}}
{{ .Values.secret.existing | default (printf "%s-settings" (include "hitl.name" .)) }}
{{- end }}

{{- /* What every container has: image, settings, and rights. */ -}}
{{- define "hitl.container" -}}
image: "{{ required "image.repository: the image that the Dockerfile makes" .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
envFrom:
  - secretRef: {name: {{ include "hitl.secret" . }}}
{{- end }}

{{- /* The settings that follow from the values, and those that are named. */ -}}
{{- define "hitl.env" -}}
{{- $origin := printf "https://%s" (include "hitl.host" .) }}
{{- $proxies := required "trustedProxies: the addresses or networks of what forwards requests to the pods" (join "," .Values.trustedProxies) }}
{{- $hosts := printf "%s,$(POD_IP),[$(POD_IP)]" (include "hitl.host" .) }}
{{- $env := dict "ALLOWED_HOSTS" $hosts "HITL_CONSOLE_URL" $origin "HITL_ALLOWED_ORIGINS" $origin "HITL_TRUSTED_PROXIES" $proxies "HITL_SHUTDOWN_GRACE_SECONDS" (toString .Values.web.graceSeconds) "HITL_SHUTDOWN_SPREAD_SECONDS" (toString .Values.web.spreadSeconds) }}
- name: POD_IP  # under which Prometheus asks for a pod's metrics
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
{{- range $name, $value := mergeOverwrite $env .Values.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- /* What every pod has. The number is the Dockerfile's user. */ -}}
{{- define "hitl.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
volumes:
  - name: tmp
    emptyDir: {}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "hitl.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "hitl.restartOnNewSecret" -}}
{{- if not .Values.secret.existing }}
checksum/secret: {{ .Values.secret | toJson | sha256sum }}
{{- end }}
{{- end }}
