# Die Worte des Notifiers auf Deutsch, nach der Hilfeseite der Funktion.
# $label ist, wie das Gerät die Prüfung nennt. Keine Nachricht sagt, welche Prüfung misslang oder warum die Funktion aus ist.

feature = { $label ->
    [touch-id] Touch ID
    [face-id] Face ID
    [face] Gesichtserkennung
    [fingerprint] Fingerabdruckerkennung
   *[unknown] Gesichts- oder Fingerabdruckerkennung
}

switched_on =
    .title = { feature } ist eingeschaltet
    .body = Sie können sich auf diesem Gerät jetzt mit { feature } statt mit Ihrem Passwort anmelden. Falls Sie das nicht waren, schalten Sie es in der App aus und ändern Sie Ihr Passwort.

switched_off =
    .title = { feature } ist ausgeschaltet
    .body = Die Anmeldung mit { feature } wurde auf diesem Gerät ausgeschaltet. Bitte verwenden Sie Ihr Passwort. Sie können sie in den Einstellungen der App jederzeit wieder einschalten.

not_available =
    .title = { feature } ist ausgeschaltet
    .body = Die Anmeldung mit { feature } ist für Ihr Konto auf diesem Gerät nicht verfügbar. Bitte verwenden Sie Ihr Passwort.

use_password =
    .title = Bitte verwenden Sie Ihr Passwort
    .body = Bitte melden Sie sich dieses Mal mit Ihrem Passwort an. Bei der nächsten Anmeldung können Sie { feature } wieder verwenden. Wenn die Prüfung nicht immer wie erwartet funktioniert, kann dies helfen:

switch_on_again =
    .title = { feature } ist ausgeschaltet
    .body = Die Anmeldung mit { feature } ist auf diesem Gerät ausgeschaltet, zum Beispiel weil die darauf gespeicherten Gesichter oder Fingerabdrücke aktualisiert wurden. Sie können sie wieder einschalten:

set_up_device_first =
    .title = Richten Sie { feature } auf Ihrem Gerät ein
    .body = { feature } ist auf Ihrem Gerät nicht eingerichtet, deshalb können Sie sich damit nicht anmelden. Richten Sie sie zuerst in den Einstellungen Ihres Geräts ein:

refresh_biometrics =
    .title = Probleme mit { feature }?
    .body = Biometrische Erkennung funktioniert nicht immer wie erwartet. Wenn das oft vorkommt, kann dies helfen:

tip-software = Stellen Sie sicher, dass auf Ihrem Gerät das neueste Update des Betriebssystems installiert ist.
tip-fingers = Achten Sie darauf, dass Ihre Finger sauber und trocken sind, wenn sie den Sensor berühren.
tip-light = Achten Sie darauf, dass Ihr Gesicht gut beleuchtet und deutlich sichtbar ist.
tip-coverings = Nehmen Sie ab, was Ihr Gesicht bedeckt, und wischen Sie Sensor oder Kamera sauber.
step-log-in-with-password = Melden Sie sich mit Ihrem Passwort an.
step-app-settings = Öffnen Sie in der App die Einstellungen und wählen Sie „Passwort & Sicherheit“.
step-toggle-on = Schalten Sie unter „Anmeldeoptionen“ die „Gesichts- oder Fingerabdruckerkennung“ ein.
step-follow-prompts = Folgen Sie den Anweisungen.
step-device-settings = Öffnen Sie die Einstellungen Ihres Geräts und richten Sie dort { feature } ein.
step-device-prompts = Folgen Sie den Anweisungen Ihres Geräts.
step-return-and-toggle-on = Kehren Sie in die App zurück und schalten Sie die Funktion unter Einstellungen, „Passwort & Sicherheit“ ein.
step-update-biometrics = Wenn es dabei bleibt, aktualisieren Sie das auf Ihrem Gerät gespeicherte Gesicht oder den Fingerabdruck in den Einstellungen des Geräts.
step-switch-on-after-update = Das schaltet die Funktion in der App aus. Bei der nächsten Anmeldung werden Sie Schritt für Schritt durch das Wiedereinschalten geführt.
