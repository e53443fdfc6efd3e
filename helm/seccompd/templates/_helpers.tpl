{{/* SPDX-License-Identifier: Apache-2.0 */}}

{{- define "seccompd.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* 40 characters, so that a pool's name fits behind it. */}}
{{- define "seccompd.fullname" -}}
{{- $name := include "seccompd.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Of objects that belong to no namespace. */}}
{{- define "seccompd.clusterName" -}}
{{- printf "%s-%s" (include "seccompd.fullname" .) .Release.Namespace -}}
{{- end }}

{{- define "seccompd.serviceAccountName" -}}
{{- $made := ternary (include "seccompd.fullname" .) "default" .Values.serviceAccount.create -}}
{{- default $made .Values.serviceAccount.name -}}
{{- end }}

{{- define "seccompd.selectorLabels" -}}
app.kubernetes.io/name: {{ include "seccompd.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/* Every pod of an agent, of whatever pool. */}}
{{- define "seccompd.agentLabels" -}}
{{ include "seccompd.selectorLabels" . }}
app.kubernetes.io/component: agent
{{- end }}

{{- define "seccompd.labels" -}}
{{- with .Values.commonLabels }}
{{- toYaml . }}
{{ end -}}
{{ include "seccompd.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (replace "+" "_" .Chart.Version) }}
{{- end }}

{{- define "seccompd.image" -}}
{{- $image := .v.image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (default .root.Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end }}

{{/* The directory on the node; the same path in the container, so that every message names the node's. */}}
{{- define "seccompd.destination" -}}
{{- printf "%s/seccomp%s" .kubeletRootDir (ternary "" (printf "/%s" .subdir) (eq .subdir ".")) -}}
{{- end }}

{{/* What stands before a profile's name in a pod. */}}
{{- define "seccompd.prefix" -}}
{{- ternary "" (printf "%s/" .subdir) (eq .subdir ".") -}}
{{- end }}

{{/*
Lays what a pool says over the values (a copy of them, changed in place): maps are merged one level deep, null removes,
all else is replaced.
*/}}
{{- define "seccompd.overlay" -}}
{{- $values := .values -}}
{{- range $key, $value := omit .pool "name" "nodeLabelValues" -}}
{{- if and (kindIs "map" $value) (kindIs "map" (get $values $key)) -}}
{{- $map := get $values $key -}}
{{- range $name, $entry := $value -}}
{{- if kindIs "invalid" $entry -}}
{{- $_ := unset $map $name -}}
{{- else -}}
{{- $_ := set $map $name $entry -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- $_ := set $values $key $value -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The ConfigMap of a pool's inline profiles; the default's, unless the pool has some of its own. */}}
{{- define "seccompd.configMapName" -}}
{{- $pool := .pool -}}
{{- if and $pool (hasKey $pool "profiles") -}}
{{- printf "%s-%s-profiles" (include "seccompd.fullname" .root) $pool.name -}}
{{- else -}}
{{- printf "%s-profiles" (include "seccompd.fullname" .root) -}}
{{- end -}}
{{- end }}

{{/*
The sources of a DaemonSet, as JSON: each a ConfigMap, a volume, a name. The inline one is called `main`, and is there
when it has profiles, or when nothing else is: a ConfigMap of its name may still come.
*/}}
{{- define "seccompd.sources" -}}
{{- $sources := list -}}
{{- $default := .v.capabilities -}}
{{- if or .v.profiles (not .v.existingConfigMaps) -}}
{{- $sources = append $sources (dict "name" "main" "configMap" (include "seccompd.configMapName" .) "subdir" "") -}}
{{- end -}}
{{- range .v.existingConfigMaps -}}
{{- $source := dict "name" (default .name .source) "configMap" .name -}}
{{- $_ := set $source "subdir" (ternary .subdir .name (hasKey . "subdir")) -}}
{{- $_ := set $source "items" .items -}}
{{- if hasKey . "capabilities" -}}
{{- $_ := set $source "capabilities" .capabilities -}}
{{- end -}}
{{- $sources = append $sources $source -}}
{{- end -}}
{{- $seen := list -}}
{{- range $sources -}}
{{- if has .name $seen -}}
{{- fail (printf "existingConfigMaps: two sources are called %s: give one of them another `source`" .name) -}}
{{- end -}}
{{- $seen = append $seen .name -}}
{{- end -}}
{{- toJson $sources -}}
{{- end }}

{{- define "seccompd.volumes" -}}
{{- range $i, $source := include "seccompd.sources" . | fromJsonArray }}
- name: source-{{ $i }}
  configMap:
    name: {{ $source.configMap | quote }}
    optional: true
    {{- with $source.items }}
    items:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end }}
{{- end }}

{{- define "seccompd.mounts" -}}
{{- range $i, $source := include "seccompd.sources" . | fromJsonArray }}
- name: source-{{ $i }}
  mountPath: /profiles/{{ $source.name }}
  readOnly: true
{{- end }}
{{- end }}

{{/* `default`, `none` or a list, as the command line wants it. */}}
{{- define "seccompd.capabilityList" -}}
{{- if kindIs "slice" . }}{{ default "none" (join "," .) }}{{ else }}{{ . }}{{ end -}}
{{- end }}

{{/* What the owner of the nodes says of all profiles; seccompd and seccompctl check take the same. */}}
{{- define "seccompd.ownerArgs" -}}
{{- range $rule, $severity := .v.rules }}
- --rule={{ $rule }}={{ $severity | default "off" }}
{{- end }}
{{- range .v.forbidSyscalls }}
- --forbid-syscall={{ . }}
{{- end }}
{{- range .v.allowedActions }}
- --allowed-action={{ . }}
{{- end }}
{{- range .v.requireDefault }}
- --require-default={{ . }}
{{- end }}
{{- end }}

{{/* What decides a verdict: the sources, and how to check. */}}
{{- define "seccompd.checkArgs" -}}
{{- range include "seccompd.sources" . | fromJsonArray }}
- --source={{ .name }}=/profiles/{{ .name }}{{ with .subdir }}:{{ . }}{{ end }}
{{- end }}
- --subdir={{ .v.subdir }}
- --capabilities={{ include "seccompd.capabilityList" .v.capabilities }}
{{- range include "seccompd.sources" . | fromJsonArray }}
{{- if hasKey . "capabilities" }}
- --capabilities={{ .name }}={{ include "seccompd.capabilityList" .capabilities }}
{{- end }}
{{- end }}
{{- include "seccompd.ownerArgs" . }}
{{- end }}

{{- define "seccompd.args" -}}
- --kubelet-root={{ .v.kubeletRootDir }}
{{- if .v.cleanup }}
- --cleanup
- --subdir={{ .v.subdir }}
{{- else }}
{{- include "seccompd.checkArgs" . }}
- --adopt={{ .v.adopt }}
- --prune-after={{ .v.pruneAfter }}
- --ready-requires={{ if kindIs "slice" .v.readyRequires }}{{ join "," .v.readyRequires }}{{ else }}{{ .v.readyRequires }}{{ end }}
- --rescan={{ .v.rescan }}
- --watch={{ .v.watch }}
{{- if .v.profileInfo }}
- --metrics-profile-info
{{- end }}
{{- end }}
- --listen=:{{ .v.port }}
- --listen=unix:/run/seccompd/seccompd.sock
{{- if .v.exposeStatus }}
- --expose-status
{{- end }}
- --log-format={{ .v.log.format }}
- --log-level={{ .v.log.level }}
{{- end }}

{{/* uid 0 for the kubelet's directory, which is root's, and nothing else of root's powers. */}}
{{- define "seccompd.securityContext" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
privileged: false
readOnlyRootFilesystem: true
runAsGroup: 0
runAsNonRoot: false
runAsUser: 0
seccompProfile:
  type: RuntimeDefault
{{- if .v.seLinuxOptions }}
seLinuxOptions:
  {{- toYaml .v.seLinuxOptions | nindent 2 }}
{{- else if .v.openshift.enabled }}
seLinuxOptions:
  type: spc_t
{{- end }}
{{- end }}

{{/* The values of nodePoolLabel that belong to a pool. */}}
{{- define "seccompd.poolLabelValues" -}}
{{- toJson (default (list .name) .nodeLabelValues) -}}
{{- end }}

{{/* Where a DaemonSet's pods go: a node belongs to the pool that its label names, and to the default one otherwise. */}}
{{- define "seccompd.scheduling" -}}
nodeSelector:
  {{- toYaml (merge (dict "kubernetes.io/os" "linux") .v.nodeSelector) | nindent 2 }}
{{- $requirements := .v.nodeRequirements }}
{{- if .pool }}
{{- $values := include "seccompd.poolLabelValues" .pool | fromJsonArray }}
{{- $requirements = append $requirements (dict "key" .v.nodePoolLabel "operator" "In" "values" $values) }}
{{- else if .v.nodePools }}
{{- $values := list }}
{{- range .v.nodePools }}
{{- $values = concat $values (include "seccompd.poolLabelValues" . | fromJsonArray) }}
{{- end }}
{{- $requirements = append $requirements (dict "key" .v.nodePoolLabel "operator" "NotIn" "values" $values) }}
{{- end }}
{{- with $requirements }}
affinity:
  nodeAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      nodeSelectorTerms:
        - matchExpressions:
            {{- toYaml . | nindent 12 }}
{{- end }}
{{- with .v.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What the schema cannot say of pools: names and label values are each pool's own. */}}
{{- define "seccompd.checkPools" -}}
{{- $names := list -}}
{{- $values := dict -}}
{{- range $pool := .Values.nodePools -}}
{{- if has $pool.name $names -}}
{{- fail (printf "nodePools: two pools are called %s" $pool.name) -}}
{{- end -}}
{{- $names = append $names $pool.name -}}
{{- range include "seccompd.poolLabelValues" $pool | fromJsonArray -}}
{{- if hasKey $values . -}}
{{- fail (printf "nodePools: nodes with %s=%s would belong to two pools, %s and %s: a node has one agent" $.Values.nodePoolLabel . (get $values .) $pool.name) -}}
{{- end -}}
{{- $_ := set $values . $pool.name -}}
{{- end -}}
{{- end -}}
{{- end }}
